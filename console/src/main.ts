// Draws the page.
import "./look/tokens.css";
import "./look/base.css";
import "./look/map.css";
import { mount } from "svelte";
import App from "./App.svelte";

const target = document.getElementById("page");
if (!target) throw new Error("index.html has no place for the page");

mount(App, { target });
