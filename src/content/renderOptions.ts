/** What a delivery adds to content when it is shown on a channel. Holds types only. */
export type RenderOptions = {
  /** Sender, where the channel has one: number or Sender ID, mail address with name. In SMS a content's own Sender ID goes first. */
  from?: string;
  /** SMS: pictures and files go along as media (MMS); otherwise their addresses are in the text. */
  mms?: boolean;
  /** Mail: where answers go. */
  replyTo?: string;
  /** Mail: the subject of content that has none. */
  subject?: string;
  /** Mail: further headers, such as List-Unsubscribe. */
  headers?: Record<string, string>;
  /** Shortens or tracks the address of a link or webview, and of the links of the HTML; the original stays in `longUri` of a link. */
  rewriteUri?: (uri: string) => string;
};
