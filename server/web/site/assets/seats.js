// The plan of seats, made quicker: what is chosen is named and added up beside the
// button, and no more can be chosen than an order may have. The plan works without any
// of this.

const { language, currency } = document.body.dataset;
const form = document.getElementById("seats");
const chosen = document.getElementById("chosen");

if (form) {
  const money = new Intl.NumberFormat(language, { style: "currency", currency });
  const decimals = money.resolvedOptions().maximumFractionDigits;
  const { most, least, total } = form.dataset;
  const seats = [...form.querySelectorAll(".seat input")];

  const add = (last) => {
    let mine = seats.filter((seat) => seat.checked);
    const over = mine.length > Number(most);
    if (over && last) last.checked = false;
    mine = seats.filter((seat) => seat.checked);
    const sum = money.format((mine.length * Number(total)) / 10 ** decimals);
    chosen.textContent = mine.length === 0 ? chosen.dataset.none : `${mine.map((seat) => seat.value).join(", ")} · ${sum}${over ? ` (${chosen.dataset.most})` : ""}`;
    form.querySelector(".take button").disabled = mine.length < Number(least);
  };
  form.addEventListener("change", (e) => add(e.target));
  addEventListener("pageshow", () => add()); // back from elsewhere, with what was chosen
  add();
}
