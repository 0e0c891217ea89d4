// How far calling an event off has come: it asks once a second until nothing is left.

const by = (id) => document.getElementById(id);
const event = by("job").dataset.event;

function cell(label, text, className) {
  const td = document.createElement("td");
  td.dataset.label = label;
  td.textContent = text;
  td.className = className || "";
  return td;
}

function draw(p) {
  if (by("phase").textContent !== p.phase) by("phase").textContent = p.phase; // what is read out only when it changes
  by("orders").max = Math.max(1, p.total);
  by("orders").value = p.total ? p.orders : 1;
  by("count").textContent = `${p.orders} of ${p.total}`;
  by("tickets").textContent = p.tickets;
  by("told").textContent = p.told;
  if (!p.back.length) return;
  by("back").replaceChildren(...p.back.map((b) => {
    const tr = document.createElement("tr");
    if (b.bad) tr.className = "bad";
    tr.append(cell("How far", b.stage), cell("Orders", b.count, "n"), cell("Amount", b.amount, "n"));
    return tr;
  }));
}

async function look() {
  let wait = 1000;
  try {
    const answer = await fetch(`/manage/events/${encodeURIComponent(event)}/off/progress`, { headers: { Accept: "application/json" } });
    if (answer.ok) {
      const p = await answer.json();
      draw(p);
      if (p.settled) return;
    } else {
      wait = 5000;
    }
  } catch {
    wait = 5000; // there is no connection: the page stands as it was
  }
  setTimeout(look, wait);
}

setTimeout(look, 500);
