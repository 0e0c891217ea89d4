// How the page talks to the agent that serves it.

// undecided is a verdict that the page itself has to give.
export function undecided(why, what = "Scan again.") {
  return { result: "cannot", reason: "agent", display: { tone: "hatch", shape: "hatch", word: "CAN'T DECIDE", why, do: what } };
}

// send posts JSON, or a picture as it is, and gives the answer. It never fails:
// an agent that does not answer is itself a verdict, and never a green one.
export async function send(path, body) {
  const file = body instanceof Blob;
  try {
    const answer = await fetch(path, {
      method: "POST", body: file ? body : JSON.stringify(body),
      headers: { "Content-Type": file ? body.type || "application/octet-stream" : "application/json" },
      signal: AbortSignal.timeout(10_000),
    });
    const said = await answer.json();
    if (answer.ok) return said;
    return undecided(said.detail || answer.statusText);
  } catch {
    return undecided("The gate's agent does not answer.", "Use another gate, and tell the supervisor.");
  }
}

// listen follows the agent's state by server-sent events, and says null while
// the agent can't be reached.
export function listen(path, tell) {
  const source = new EventSource(path);
  source.onmessage = (m) => tell(JSON.parse(m.data));
  source.onerror = () => tell(null);
}
