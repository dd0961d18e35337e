/** Writes a message as an event of a stream: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation */
export const toMessageEvent = (message: object): string => `event: message\ndata: ${JSON.stringify(message)}\n\n`;
