/** What is said with an offer to go on in the web chat, where neither who offers it nor the workspace has words of their own. */
export const USUAL_WEBCHAT_OFFER = { text: 'We can go on in the web chat:', label: 'Open the web chat' };
