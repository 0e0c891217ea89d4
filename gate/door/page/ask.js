// What a verdict asks of the person at the door: questions, a payment, an old list,
// an undo, and of a supervisor whether a refusal is to stand. It is below the
// verdict, and what is said goes with the same scan again.
import { asksUndo, takeBack } from "./undo.js";
import { dismiss, onVerdict } from "./verdict.js";
import { again } from "./judge.js";
import { fields, said } from "./field.js";
import { isKiosk } from "./kiosk.js";
import { openPanel } from "./panel.js";
import { onlyLooked, refusedBefore } from "./resume.js";
import { may, who } from "./staff.js";
import { t } from "./words.js";

const by = (id) => document.getElementById(id);
let done = null; // what becomes of the form's answers
let written = { ticket: "", answers: {} }; // of the ticket that was asked about last

// request gives what a verdict asks for, null for nothing.
function request(verdict) {
  if (asksUndo()) return { label: t("ask.take_back"), done: takeBack };
  if (!verdict?.scan || onlyLooked(verdict) || isKiosk()) return null;
  const { scan, reason, details } = verdict;
  if (verdict.resumed) return whyOverride(verdict);
  if (refusedBefore(verdict)) {
    if (may("override")) return { label: t("ask.override"), done: () => draw(verdict, whyOverride(verdict)) };
    // Whoever signs in now goes on with this ticket: see resume.js.
    if (canSignIn()) return { label: t("ask.supervisor"), done: () => openPanel("sign-in") };
    return canAnswer(verdict) ? {} : null;
  }
  if (verdict.result !== "ask" || verdict.challenge) return null;
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

// canAnswer: a phone made the code, and can be asked for a number.
const canAnswer = (verdict) => may("challenge") && refusedBefore(verdict) && /UP1:/.test(verdict.scan.text);

const canSignIn = () => who() && !who().signed_in && who().people.length > 0;

// whyOverride asks for the reason of an override, and names what it is of.
const whyOverride = ({ scan, short, product, display }) => ({
  label: t("ask.override_now"),
  note: t("ask.override_what", { what: [product, short].filter(Boolean).join(", "), word: display.word }),
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
  const ticket = verdict.ticket ?? verdict.scan?.text; // of a guest who was found, whose code the agent may keep
  if (ticket !== written.ticket) written = { ticket, answers: {} };
  form.dataset.tone = verdict.display.tone;
  by("asked").replaceChildren(...(wants.note ? [note(wants.note)] : []), ...fields(wants.questions || [], written.answers));
  by("answer").textContent = wants.label || "";
  by("answer").hidden = !wants.label;
  by("ask-number").hidden = !canAnswer(verdict);
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
