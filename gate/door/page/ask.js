// What a verdict asks of the person at the door: questions, a payment, an old list,
// an undo. It stands below the verdict, and what is said goes with the same scan
// again.
import { asksUndo, takeBack } from "./undo.js";
import { dismiss, onVerdict } from "./verdict.js";
import { again } from "./judge.js";
import { fields, said } from "./field.js";
import { may } from "./staff.js";
import { t } from "./words.js";

const by = (id) => document.getElementById(id);
let done = null; // what becomes of the form's answers
let written = { ticket: "", answers: {} }; // of the ticket that was asked about last

// request gives what a verdict asks for, null for nothing.
function request(verdict) {
  if (asksUndo()) return { label: t("ask.take_back"), done: takeBack };
  if (verdict?.result !== "ask" || verdict.look || !verdict.scan) return null;
  const { scan, reason, details } = verdict;
  if (reason === "questions") {
    return {
      label: t("ask.answered"), questions: details.questions,
      done: (answers) => again(scan, { answers: { ...scan.answers, ...answers } }),
    };
  }
  if (reason === "unpaid" && !may("confirm_payment")) return { note: t("ask.may_not_confirm") };
  return {
    label: t(reason === "unpaid" ? "ask.paid" : "ask.old_list"),
    done: () => again(scan, { confirmed: [...(scan.confirmed || []), reason] }),
  };
}

function show(verdict) {
  const wants = request(verdict);
  const form = by("ask");
  const had = form.contains(document.activeElement);
  form.hidden = !wants;
  by("inputs").hidden = Boolean(wants);
  done = wants?.done || null;
  if (!wants) {
    by("asked").replaceChildren();
    if (had) document.activeElement.blur();
    return;
  }
  if (verdict.ticket !== written.ticket) written = { ticket: verdict.ticket, answers: {} };
  by("asked").replaceChildren(...fields(wants.questions || [], written.answers), ...(wants.note ? [note(wants.note)] : []));
  by("answer").textContent = wants.label || "";
  by("answer").hidden = !wants.label;
  form.focus({ preventScroll: true }); // on no button: the late Enter of a reader would press it
}

function note(text) {
  const p = document.createElement("p");
  p.textContent = text;
  return p;
}

// setUpAsk makes the form work.
export function setUpAsk() {
  onVerdict(show);
  by("ask").addEventListener("input", () => { written.answers = said(by("ask")); });
  by("ask").addEventListener("submit", (e) => {
    e.preventDefault();
    const act = done;
    done = null; // once
    act?.(said(by("ask")));
  });
  by("leave").addEventListener("click", dismiss);
}
