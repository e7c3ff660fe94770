// What the map needs for the past, which nobody looks at before the first picture.
export { default as PastBanner } from "./PastBanner.svelte";
export { default as TimeBar } from "./TimeBar.svelte";
export { cityThen } from "./then";
