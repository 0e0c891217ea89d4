// Codes on their way to the agent, and verdicts on their way to the screen.
import { send, undecided } from "./agent.js";
import { asked, count } from "./lane.js";
import { resume } from "./resume.js";
import { know } from "./staff.js";
import { admitted } from "./undo.js";
import { dismiss, passes, present, settled, standUntil } from "./verdict.js";

const glimpse = 600; // ms; so long a verdict that follows an answer is seen at least
const unseen = new Set(["ignored", "none"]); // results that say that nothing happened

// One code at a time: whatever reads the next one waits for its turn, and for a
// verdict in sight that calls for a person.
let turn = Promise.resolve();
const inTurn = (judge) => turn = turn.then(settled).then(judge).catch((e) => present(undecided(String(e))));

let diverted = null; // the panel whose codes are not to be judged, and where they go

// divert gives the codes that are seen while a panel is open to somebody else.
export function divert(panel, take) { diverted = { panel, take }; }

const elsewhere = () => diverted?.panel.open && diverted.take;

let newest = ""; // code; a green goes at once when another one is seen

function another(text) {
  if (text !== newest && passes()) dismiss();
  newest = text;
}

// scan judges a text that was read or typed.
export function scan(text, how) {
  if (elsewhere()) return elsewhere()(text);
  another(text);
  const body = { text, how, ...asked() };
  return inTurn(async () => {
    const seen = performance.now();
    took(await send("/api/scan", body), body, seen);
  });
}

// picture judges the code in a picture file.
export function picture(file) {
  another("");
  const way = asked();
  return inTurn(async () => {
    const seen = performance.now();
    const answer = await send("/api/picture?" + new URLSearchParams(way), file);
    took(answer, answer.text ? { text: answer.text, how: "picture", ...way } : null, seen);
  });
}

// sighted judges what the camera saw, and gives the verdict when it is there. seen
// is when its frame was taken, read when the code in it was read.
export async function sighted(text, seen, read) {
  if (elsewhere()) return elsewhere()(text) ?? {};
  another(text);
  const body = { text, how: "camera", ...asked() };
  return inTurn(async () => {
    const began = performance.now();
    const answer = await send("/api/scan", body);
    note("camera-read", seen, read);
    note("camera-judged", began, performance.now());
    took(answer, body, began - (read - seen));
    return answer;
  });
}

// again judges a scan once more, with what a person said to what it asked. It comes
// before all codes that wait for their turn.
export function again(body, said) {
  const whole = { ...body, ...said };
  const judged = (async () => {
    const seen = performance.now();
    const answer = await send("/api/scan", whole);
    took(answer, whole, seen);
    if (passes()) standUntil(new Promise((done) => setTimeout(done, glimpse)));
  })();
  standUntil(judged.catch(() => {}));
  return judged;
}

// note keeps how long a part took the last time, for who measures.
function note(name, start, end) {
  performance.clearMeasures(name);
  performance.measure(name, { start, end });
}

// letIn tells an entry that can be taken back, also one that a crash kept from being seen.
const letIn = ({ result, reason, record, details }) =>
  Boolean(record) && (result === "accept" ? reason !== "exit" : result === "accept_repeat" && details?.first?.direction === "in");

// took shows what became of a scan; scan is what to send to have it judged again.
function took(answer, scan, seen) {
  if (unseen.has(answer.result)) return;
  const judged = performance.now();
  if (answer.me) {
    know(answer.me);
    if (resume()) return;
  }
  present({ ...answer, scan });
  if (letIn(answer)) admitted(answer);
  if (!answer.seq) return;
  count(1);
  // The agent learns that a person saw it once it is painted, not before.
  requestAnimationFrame(() => setTimeout(() => {
    const painted = performance.now();
    note("seen-painted", seen, painted);
    note("judged-painted", judged, painted);
    send("/api/shown", { seq: answer.seq, painted_ms: Math.round(painted - seen) });
  }));
}
