export interface SseEvent {
  event: string;
  id: string;
  data: string;
}

/** Reads one server-sent event of an answer after the other; undefined once the stream has ended. */
export function eventReader(answer: Response): () => Promise<SseEvent | undefined> {
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  return async () => {
    for (;;) {
      const end = text.indexOf('\n\n');
      if (end !== -1) {
        const lines = text.slice(0, end).split('\n');
        text = text.slice(end + 2);
        const field = (name: string): string =>
          lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? '';
        return { event: field('event'), id: field('id'), data: field('data') };
      }
      const { value, done } = await reader.read();
      if (done) return undefined;
      text += value;
    }
  };
}
