// The page of an event, made quicker: how much is left, kept up to date, and the
// total of what is chosen. The page works without any of this.

const page = document.body.dataset;
const cart = document.getElementById("cart");
const total = document.getElementById("total");
const money = new Intl.NumberFormat(page.language, { style: "currency", currency: page.currency });
const decimals = money.resolvedOptions().maximumFractionDigits;
const words = Object.fromEntries([...document.getElementById("words").content.children].map((w) => [w.dataset.word, w.textContent]));
const code = cart.elements.code ? "?code=" + encodeURIComponent(cart.elements.code.value) : "";

function add() {
  let sum = 0, any = false;
  for (const offer of cart.querySelectorAll("[data-offer]")) {
    const n = Number(offer.querySelector("select:enabled")?.value || 0); // of what is gone by now nothing is sent
    any ||= n > 0;
    sum += n * Number(offer.dataset.total);
  }
  if (!total) return;
  total.hidden = !any;
  total.querySelector("output").value = money.format(sum / 10 ** decimals);
}

function show(left) {
  for (const offer of cart.querySelectorAll(".offer.open, .offer.gone")) {
    const word = left[offer.dataset.offer], at = offer.querySelector("[data-left]");
    if (!words[word] || !at || at.classList.contains(word)) continue;
    at.className = "left " + word;
    at.textContent = words[word];
    const many = offer.querySelector("select");
    if (many) {
      many.disabled = word === "none";
      add();
    }
    // Something was given back, and the page that offers it is another one. An older
    // copy of this one may still be on its way, so not at once and again.
    else if (performance.now() > 60_000) location.reload();
  }
}

let looks = 0;
const again = performance.getEntriesByType("navigation")[0]?.type === "reload"; // to an older copy, perhaps

async function look() {
  if (document.hidden) return;
  try {
    const mine = ++looks;
    const answer = await fetch(`/events/${encodeURIComponent(page.event)}/left${code}`);
    const said = answer.ok ? await answer.json() : null;
    if (!said || mine !== looks) return; // late, it covers nothing newer
    show(said.left);
    if (String(said.next) !== page.next && !(again && performance.now() < 60_000)) location.reload();
  } catch { /* the network is away: what stands there stays */ }
}

// Sent twice by an impatient hand, it is still one order. Something else chosen, or
// come back to later, it is another one.
const fresh = () => { add(); cart.elements.key?.remove(); };
cart.addEventListener("change", fresh);
cart.addEventListener("submit", () => {
  if (cart.elements.key) return;
  const key = document.createElement("input");
  const drawn = crypto.getRandomValues(new Uint8Array(16));
  Object.assign(key, { type: "hidden", name: "key", value: Array.from(drawn, (b) => b.toString(16).padStart(2, "0")).join("") });
  cart.append(key);
});
addEventListener("pageshow", fresh); // back from elsewhere, with what was chosen
add();
look();
setInterval(look, 15_000);
document.addEventListener("visibilitychange", look);

// When a sale begins or ends the page is another one. Not all come at the same moment.
// Those whose clock is wrong see it when they look.
const next = Number(page.next) * 1000 - Date.now();
if (next > 0 && next < 2 ** 31) setTimeout(() => location.reload(), next + 500 + Math.random() * 1500);
