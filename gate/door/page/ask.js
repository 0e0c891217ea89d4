// What a verdict asks of the person at the door: questions, a payment, an old list,
// an undo, and of a supervisor whether a refusal is to stand. It is below the
// verdict, and what is said goes with the same scan again.
import { asksUndo, takeBack } from "./undo.js";
import { dismiss, onVerdict } from "./verdict.js";
import { again } from "./judge.js";
import { fields, said } from "./field.js";
import { isKiosk } from "./kiosk.js";
import { may } from "./staff.js";
import { t } from "./words.js";

const by = (id) => document.getElementById(id);
const final = new Set(["malformed", "unsupported_version", "unknown_ticket", "bad_signature", "unknown_key", "wrong_event", "override_denied"]); // nobody overrides those
let done = null; // what becomes of the form's answers
let written = { ticket: "", answers: {} }; // of the ticket that was asked about last

// request gives what a verdict asks for, null for nothing.
function request(verdict) {
  if (asksUndo()) return { label: t("ask.take_back"), done: takeBack };
  if (!verdict?.scan || (verdict.look && !verdict.training) || isKiosk()) return null;
  const { scan, reason, details } = verdict;
  if (verdict.result === "reject" && may("override") && !final.has(reason)) {
    return { label: t("ask.override"), done: () => draw(verdict, whyOverride(scan)) };
  }
  if (verdict.result !== "ask") return null;
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

// whyOverride asks for the reason of an override.
const whyOverride = (scan) => ({
  label: t("ask.override_now"),
  questions: [{
    code: "reason", text: t("ask.why"), kind: "text", required: true,
    choices: [t("ask.why_checked"), t("ask.why_known"), t("ask.why_mistake")],
  }],
  done: ({ reason }) => again(scan, { override: { reason } }),
});

const show = (verdict) => draw(verdict, request(verdict));

// draw puts what is wanted below a verdict, or nothing.
function draw(verdict, wants) {
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
  form.dataset.tone = verdict.display.tone;
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
