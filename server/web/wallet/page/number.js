// A number that a door asks for, where two people claim one ticket. Typed here it is in
// the codes for a while, and shows that this phone made them just now. No network has a
// part in it.

import { button, element } from "./element.js";
import { now } from "./clock.js";
import { t } from "./words.js";

const life = 120_000; // ms; as long as a gate takes the answer

// doorNumber gives a line that stands under a live code and leads to a form for the
// number, and the number that codes answer now, if they answer one. typing is told
// whether the form stands where the code was.
export function doorNumber(typing) {
  let typed = null; // the number, and until when it is answered
  const input = element("input", { id: "door-number", inputMode: "numeric", autocomplete: "off", maxLength: 7 });
  const wrong = element("p", { id: "door-number-wrong", className: "problem", hidden: true, textContent: t("wallet.door_wrong") });
  wrong.setAttribute("role", "alert");
  const form = element("form", { className: "number", hidden: true, noValidate: true },
    element("label", { htmlFor: input.id, textContent: t("wallet.door_label") }), input, wrong,
    element("button", { className: "button wide", textContent: t("wallet.door_go") }),
    button(t("wallet.door_back"), () => turn(false), { className: "button second wide" }));
  const line = element("div", { className: "answers" });
  const says = element("span", {});
  says.setAttribute("role", "status");
  const act = button("", () => typed ? end() : turn(true), { className: "plainlink" });
  line.append(says, act);

  const spoil = (is) => {
    wrong.hidden = !is;
    input.ariaInvalid = is ? "true" : null;
    if (is) input.setAttribute("aria-describedby", wrong.id);
    else input.removeAttribute("aria-describedby");
  };
  const turn = (open) => {
    spoil(false);
    input.value = "";
    form.hidden = !open;
    line.hidden = open;
    typing(open);
    (open ? input : act).focus();
  };
  const say = () => {
    says.textContent = typed ? t("wallet.door_answers", { number: grouped(typed.number) }) : "";
    act.textContent = t(typed ? "wallet.door_end" : "wallet.door_asks");
  };
  const end = () => {
    typed = null;
    say();
  };
  form.addEventListener("submit", (e) => {
    e.preventDefault();
    const digits = input.value.replace(/\s/g, "");
    if (!/^[0-9]{6}$/.test(digits)) {
      spoil(true);
      return input.focus();
    }
    typed = { number: Number(digits), until: now() + life };
    say();
    turn(false);
  });
  say();
  return {
    form, line,
    answer() {
      if (typed && now() >= typed.until) end();
      return typed?.number ?? null;
    },
  };
}

const grouped = (number) => String(number).padStart(6, "0").replace(/^.../, "$&\u00a0");
