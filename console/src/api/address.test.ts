// What of an address the page shows.
import { expect, it } from "vitest";
import { shownAddress } from "./address";

it.each([
  ["mqtts://u:p@h:8883/t", "mqtts://***@h:8883/t"],
  ["mqtt://u:p:q@r@h/t", "mqtt://***@h/t"],
  ["http://:p@[::1]:9/x?y#z", "http://***@[::1]:9/x?***#***"],
  ["mqtt://u@h:1883/t", "mqtt://***@h:1883/t"],
  ["mqtt://h:1883/t@u", "mqtt://h:1883/t@u"],
  ["https://h/in?token=b:c@d&level=3", "https://h/in?token=***&level=***"],
  ["https://hooks.example/services/T0001/B0002/x1ZkQe9cPq77aLmN3b5v", "https://hooks.example/services/T0001/B0002/***"],
  ["http://127.0.0.1:8080/machi/v1/inboxes/0123456789abcdef0123456789abcdef", "http://127.0.0.1:8080/machi/v1/inboxes/***"],
  ["http://127.0.0.1:9000/notifications-of-the-river", "http://127.0.0.1:9000/notifications-of-the-river"],
  ["", ""],
])("hides the secrets of %s", (address, shown) => {
  expect(shownAddress(address)).toBe(shown);
});
