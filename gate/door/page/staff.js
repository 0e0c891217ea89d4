// Who stands at this door, and what they may do.
import { call } from "./agent.js";

const watchers = [];
let me = null;

// onMe tells when somebody signed in or out, or may do something else than before.
export const onMe = (tell) => watchers.push(tell);

// may reports whether an act may be done now, as far as the page knows; the agent
// decides.
export const may = (act) => !me || me.may.includes(act);

export function know(who) {
  me = who;
  for (const tell of watchers) tell(me);
}

// learn asks the agent who is signed in.
export async function learn() {
  try {
    know(await call("/api/me"));
  } catch { /* the strip says that the agent is gone */ }
}
