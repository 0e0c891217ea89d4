// Asking whether somebody means it, before what can't be taken back.

import { button, element } from "./element.js";
import { t } from "./words.js";

const dialog = document.getElementById("sure");

// sure asks, and gives whether the answer was yes.
export function sure(title, text, yes) {
  return new Promise((done) => {
    const answer = (is) => { dialog.onclose = null; dialog.close(); done(is); };
    dialog.replaceChildren(
      element("h2", { id: "sure-title", textContent: title }),
      element("p", { textContent: text }),
      button(yes, () => answer(true), { className: "button wide" }),
      button(t("wallet.no"), () => answer(false), { className: "button second wide" }),
    );
    dialog.onclose = () => { if (!dialog.open) done(false); }; // that of the question before comes late
    dialog.showModal();
  });
}
