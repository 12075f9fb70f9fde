import { openRequest, requestProblem } from '../net/openRequest.js';

/** Longer, and the receiver should take it first and work on it afterwards. */
const TIMEOUT_MS = 10_000;

/**
 * Posts a body; what it was answered, or why nothing was, in words. Addresses of a private network are allowed, those of
 * the link are not; a redirect is an answer like another, and is not followed. Reads nothing of the answer's body.
 */
export async function postToReceiver(
  url: string,
  { body, headers }: { body: string; headers: Record<string, string> },
): Promise<{ status: number } | { problem: string }> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const options = { method: 'POST', headers, body, signal, agent: false as const };
    const answer = await openRequest(url, options);
    answer.destroy();
    return { status: answer.statusCode ?? 0 };
  } catch (error) {
    if (signal.aborted) return { problem: `no answer within ${String(TIMEOUT_MS / 1000)} s` };
    return { problem: requestProblem(error) };
  }
}
