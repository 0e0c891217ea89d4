// Fields for the organiser's questions: made of what an event's file says, read as
// the agent takes answers.
import { button, element } from "./element.js";
import { t } from "./words.js";

const longest = 130; // UTF-16 units; never more than the 400 bytes of an answer

// fields makes a field for each question, with what was answered before.
export function fields(questions, answers) {
  return questions.map((q) => {
    const kind = { yes_no: choice, choice, number, text }[q.kind] || text;
    return kind(q, answers[q.code] || "");
  });
}

// said reads the answers in a form.
export function said(form) {
  const answers = {};
  for (const [code, answer] of new FormData(form)) answers[code] = answer;
  return answers;
}

const label = (q) => q.required ? q.text : t("ask.optional", { question: q.text });

function choice(q, answer) {
  const options = q.kind === "yes_no" ? [["yes", t("ask.yes")], ["no", t("ask.no")]] : (q.choices || []).map((c) => [c, c]);
  return element("fieldset", {}, element("legend", {}, label(q)), ...options.map(([value, name]) => element("label", { className: "option" },
    element("input", { type: "radio", name: q.code, value, required: q.required === true, checked: value === answer }), name)));
}

const number = (q, answer) => line(q, element("input", { type: "text", inputMode: "decimal", pattern: "[+-]?[0-9]+([.,][0-9]+)?", value: answer }));
const text = (q, answer) => line(q, element("input", { type: "text", value: answer, autocomplete: "off" }));

// line is a question that is answered in words, with some ready to be taken.
function line(q, input) {
  Object.assign(input, { name: q.code, required: q.required === true, maxLength: longest });
  const box = element("label", { className: "line" }, label(q), input);
  if (!q.choices?.length) return box;
  const ready = q.choices.map((choice) => button(choice, () => { input.value = choice; }));
  return element("div", { className: "asked" }, element("div", { className: "buttons" }, ...ready), box);
}
