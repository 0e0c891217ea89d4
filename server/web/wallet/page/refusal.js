// Why something can't be done, in words.

import { Refused } from "./agent.js";
import { has, t } from "./words.js";

const any = "wallet.refused.";

// refusal says why the server said no, by what it blames or by the problem's type, or that
// there is no server to be reached. own begins the keys of what was to be done, where some
// of it has words of its own.
export function refusal(e, own = any) {
  if (!(e instanceof Refused)) return t("wallet.need_network");
  return t([own + e.where, own + e.type, any + e.type].find(has) ?? any + "internal");
}
