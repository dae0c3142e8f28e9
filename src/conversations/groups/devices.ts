/** What a device is told of something that was said, besides what it says. Pure. */
import type { Content } from '../../../contract/content.ts';

/** A content with whose it is, and what an app needs to open the right place on a tap. A title that it has stays. */
export function forDevices(
  content: Content,
  about: { title: string; conversation: string; conversationId?: string; messageId?: string },
): Content {
  const { title, ...data } = about;
  return { ...content, title: content.title ?? title, metadata: { ...content.metadata, ...data } };
}
