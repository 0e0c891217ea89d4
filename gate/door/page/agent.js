// How the page talks to the agent that serves it.
import { t, has, language } from "./words.js";

// undecided is a verdict that the page itself has to give.
export function undecided(why, what = t("do.scan_again"), more = []) {
  return { result: "cannot", reason: "agent", display: { tone: "hatch", shape: "hatch", word: t("word.cannot"), why, do: what, more } };
}

// send posts JSON, or a picture as it is, and gives the answer. It never fails:
// an agent that does not answer is itself a verdict, and never a green one.
export async function send(path, body) {
  const file = body instanceof Blob;
  try {
    const answer = await fetch(path, {
      method: "POST", body: file ? body : JSON.stringify(body),
      headers: { "Accept-Language": language(), "Content-Type": file ? body.type || "application/octet-stream" : "application/json" },
      signal: AbortSignal.timeout(10_000),
    });
    const said = await answer.json();
    if (answer.ok) return said;
    return failed(said);
  } catch {
    return undecided(t("page.no_agent"), t("page.no_agent_do"));
  }
}

// failed is what to show for an answer that is none: why, as far as this page knows
// the kind of it, and below that what the agent says.
function failed({ type, where, detail }) {
  const undo = has("undo." + where) ? t("undo." + where) : "";
  return undecided(undo || t("fault." + type), undo ? "" : t("do.scan_again"), [detail]);
}

// listen follows the agent's state by server-sent events, and says null while
// the agent can't be reached.
export function listen(path, tell) {
  const source = new EventSource(path);
  source.onmessage = (m) => tell(JSON.parse(m.data));
  source.onerror = () => tell(null);
}
