// Who stands at this door, and what they may do. The agent decides; the page shows
// what it allows.
import { call } from "./agent.js";
import { onStatus } from "./status.js";

const often = 20_000; // ms; how often the page asks whether a session still lasts
const watchers = [];
let me = null;
let asked = 0, heard = 0; // questions, and the newest with an answer: one to an earlier question says nothing of now

// onMe tells when somebody signed in or out, or may do something else than before.
export const onMe = (tell) => watchers.push(tell);

// who is who is signed in and what may be done, null while the agent has not said.
export const who = () => me;

// may reports whether an act may be done now.
export const may = (act) => Boolean(me?.may.includes(act));

// know takes in what the agent said of it just now.
export const know = (now) => take(now, ++asked);

function take(now, question) {
  if (question < heard) return;
  heard = question;
  me = now;
  for (const tell of watchers) tell(me);
}

// learn asks the agent who is signed in.
export async function learn() {
  const mine = ++asked;
  try {
    take(await call("/api/me"), mine);
  } catch { /* the strip says that the agent is gone */ }
}

// setUpStaff shows the controls of what may be done, and hides the others.
export function setUpStaff() {
  onMe(() => {
    for (const control of document.querySelectorAll("[data-may]")) control.hidden = !may(control.dataset.may);
  });
  let silent = false; // the agent was; what it knew of sessions is gone with it
  onStatus((status) => {
    if (status && (silent || !me)) learn();
    silent = !status;
  });
  addEventListener("refused", learn); // somebody else may be signed in by now, or nobody
  setInterval(() => { if (me?.signed_in) learn(); }, often);
  learn();
}
