// How the page talks to the agent that serves it.
import { language, t } from "./words.js";

// Refused is what the agent said no to, or failed at: why, as far as this page knows
// the kind of it, and what exactly the agent says.
export class Refused extends Error {
  constructor({ type = "", where = "", detail = "" }) {
    super(t("fault." + type));
    this.kind = type;
    this.where = where;
    this.detail = detail;
    this.exact = detail || this.message; // in one sentence, in the page's language
  }
}

// plain takes out of a text what is no character of its own and moves or hides those
// around it: controls, line breaks, what turns the direction of writing. A name could
// otherwise write a line of its own into a verdict. Joiners stay: names are spelt
// with them.
function plain(_, value) {
  return typeof value === "string" ? value.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").replace(/(?![\u200c\u200d])\p{Cf}/gu, "") : value;
}

// undecided is a verdict that the page itself has to give.
export function undecided(why, what = t("do.scan_again"), more = []) {
  return { result: "cannot", reason: "agent", display: { tone: "hatch", shape: "hatch", word: t("word.cannot"), why, do: what, more } };
}

// call posts JSON, or a file as it is, and gives what the agent answers; without a
// body it gets. It waits for an answer for as long as patience, in ms. It fails with
// Refused, or with whatever keeps the agent out of reach. Where it was not for us to
// ask, the window has an event "refused", but for the question who we are: that is what
// is asked then.
export async function call(path, body, patience = 10_000) {
  const file = body instanceof Blob;
  const headers = { "Accept-Language": language() };
  const asked = { headers, signal: AbortSignal.timeout(patience) };
  if (body !== undefined) {
    headers["Content-Type"] = file ? body.type || "application/octet-stream" : "application/json";
    Object.assign(asked, { method: "POST", body: file ? body : JSON.stringify(body) });
  }
  const answer = await fetch(path, asked);
  const said = JSON.parse(await answer.text(), plain);
  if (!answer.ok) {
    if ((answer.status === 401 || answer.status === 403) && path !== "/api/me") dispatchEvent(new Event("refused"));
    throw new Refused(said);
  }
  return said;
}

// send is a call whose answer is a verdict. It never fails: an agent that does not
// answer is itself a verdict, and never a green one.
export async function send(path, body) {
  try {
    return await call(path, body);
  } catch (e) {
    return e instanceof Refused ? undecided(e.exact) : undecided(t("page.no_agent"), t("page.no_agent_do"));
  }
}

const again = 3000; // ms until a line that was refused is opened again

// listen follows the agent's state by server-sent events, and says null while
// the agent can't be reached.
export function listen(path, tell) {
  const source = new EventSource(path);
  source.onmessage = (m) => tell(JSON.parse(m.data, plain));
  source.onerror = () => {
    tell(null);
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, again, path, tell); // what is refused a browser gives up for good
  };
}
