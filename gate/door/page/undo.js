// Taking back the last admission of this lane. It is asked for once, by name.
import { call, Refused } from "./agent.js";
import { present, showing, standUntil } from "./verdict.js";
import { t } from "./words.js";

const by = (id) => document.getElementById(id);
let last = null; // the admission's record, and what to call it

// admitted remembers an admission, over a reload too. The holder's name is kept on
// no disk.
export function admitted(answer) {
  const names = [answer.product, answer.seat, answer.short].filter(Boolean);
  remember({ record: answer.record, what: names.join(", ") });
  if (answer.holder) last.what = `${answer.holder} (${last.what})`;
}

function remember(admission) {
  last = admission;
  if (last) sessionStorage.admission = JSON.stringify(last);
  else sessionStorage.removeItem("admission");
  by("undo").disabled = !last;
}

export const asksUndo = () => showing()?.reason === "undo";

// askUndo asks whether to take the last admission back.
export function askUndo() {
  if (!last) return;
  present({
    result: "ask", reason: "undo",
    display: { tone: "amber", shape: "triangle", word: t("word.undo"), why: t("ask.undo", last), do: `${t("page.undo_again")} ${t("page.undo_leave")}` },
  });
}

// takeBack does it. The next code waits meanwhile: one verdict would cover the other.
export function takeBack() {
  if (last) standUntil(undo(last).catch(() => {}));
}

async function undo({ record }) {
  try {
    present(await call("/api/undo", { record }));
    if (last?.record === record) remember(null);
  } catch (e) {
    const refused = e instanceof Refused;
    present({
      result: "fault", reason: refused ? e.where || e.kind : "agent",
      display: {
        tone: "hatch", shape: "hatch", word: t("word.not_undone"),
        why: refused ? e.exact : t("page.no_agent"),
      },
    });
  }
}

export function setUpUndo() {
  let kept = null;
  try {
    kept = JSON.parse(sessionStorage.admission || "null");
  } catch { /* somebody else's */ }
  remember(kept?.record ? kept : null);
  by("undo").addEventListener("click", askUndo);
}
