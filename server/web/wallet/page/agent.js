// What the page asks the server for. Each answer that tells the time sets the clock.

import { claim } from "./code.js";
import { fromBase64, fromHex, toBase64 } from "./bytes.js";
import { madeKey } from "./key.js";
import { set } from "./clock.js";

const patience = 15_000; // ms

// Refused is the server's no, with the problem's type; anything else that is thrown
// means that there is no server to be reached.
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail ?? "");
    this.status = status;
    this.type = problem.type ?? "";
    this.where = problem.where ?? "";
  }
}

async function ask(path, body) {
  const asked = performance.now();
  const answer = await fetch("/wallet/" + path, {
    method: body === undefined ? "GET" : "POST", cache: "no-store", credentials: "same-origin", redirect: "error", referrerPolicy: "no-referrer",
    headers: body === undefined ? {} : { "Content-Type": "application/json" }, body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(patience),
  });
  if (answer.status === 204) return {};
  const said = await answer.json();
  if (!answer.ok) throw new Refused(answer.status, said);
  if (said.now) await set(said.now, performance.now() - asked);
  return said;
}

export const tickets = () => ask("tickets.json");
export const sessions = () => ask("sessions");
export const passLink = (ticket) => ask("pass", { event: ticket.event, id: ticket.id });
export const end = (id) => ask("end", { id });

// renew gives a ticket a new code, and voids the one before.
export async function renew(ticket) {
  return (await ask("renew", { event: ticket.event, id: ticket.id, generation: ticket.generation })).ticket;
}

export const offer = (asked) => ask("offer", asked);
export const takeBack = (id) => ask("take-back", { id });

// bind makes this phone the one that shows a ticket, and gives the ticket as it is then.
export async function bind(ticket, takeOver) {
  const key = await madeKey();
  const { challenge } = await ask("challenge", {});
  const signature = await claim(key.private, fromBase64(challenge), ticket.event, fromHex(ticket.id), ticket.generation);
  const bound = await ask("bind", {
    event: ticket.event, id: ticket.id, generation: ticket.generation, take_over: takeOver,
    phone: key.public, challenge, signature: toBase64(signature),
  });
  return bound.ticket;
}
