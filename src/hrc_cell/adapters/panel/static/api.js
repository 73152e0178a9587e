// Acts of a person, as requests to the server. Nothing is queued and nothing is sent again by itself.

const ACK_MS = 1000;

// Reasons that do not say whether the cell has taken the act.
export const UNANSWERED = ["no_reply", "no_answer_from_cell"];

const random = (bytes) => Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (b) => b.toString(16).padStart(2, "0")).join("");

export const key = () => random(16);

// Returns the server's reply; {accepted: false, reason: "no_reply"} when none came in time.
export async function post(path, body = {}, withinMs = ACK_MS) {
  try {
    const reply = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(withinMs),
    });
    return await reply.json();
  } catch {
    return { accepted: false, reason: "no_reply" };
  }
}
