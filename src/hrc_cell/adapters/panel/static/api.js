// Acts of a person, as requests to the server. Nothing is queued and nothing is sent again by itself.

const ACK_MS = 1000;

export const device = (() => {
  const kept = localStorage.getItem("device");
  if (kept) return kept;
  const made = Array.from(crypto.getRandomValues(new Uint8Array(8)), (b) => b.toString(16).padStart(2, "0")).join("");
  localStorage.setItem("device", made);
  return made;
})();

export function key() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}

// Returns the server's reply; {accepted: false, reason: "no_reply"} when none came in time.
export async function post(path, body) {
  try {
    const reply = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ACK_MS),
    });
    return await reply.json();
  } catch {
    return { accepted: false, reason: "no_reply" };
  }
}
