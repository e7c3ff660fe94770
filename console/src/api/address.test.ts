// What of an address the page shows.
import { expect, it } from "vitest";
import { withoutPassword } from "./address";

it.each([
  ["mqtts://u:p@h:8883/t", "mqtts://u:***@h:8883/t"],
  ["mqtt://u:p:q@r@h/t", "mqtt://u:***@h/t"],
  ["http://:p@[::1]:9/x?y#z", "http://:***@[::1]:9/x?y#z"],
  ["mqtt://u:@h/t", "mqtt://u:***@h/t"],
  ["mqtt://u@h:1883/t", "mqtt://u@h:1883/t"],
  ["mqtt://h:1883/t@u", "mqtt://h:1883/t@u"],
  ["https://h/?a=b:c@d", "https://h/?a=b:c@d"],
  ["", ""],
])("hides the password of %s", (address, shown) => {
  expect(withoutPassword(address)).toBe(shown);
});
