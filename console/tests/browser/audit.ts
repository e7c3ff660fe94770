// How a screen reads to those who do not see it: axe-core's findings, and the tree that assistive technology gets.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

const source = readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Axe {
  run(context: Document): Promise<{ violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[] }>;
}

/** Serious and critical findings, each with where it was found. */
export async function axeFaults(page: Page): Promise<string[]> {
  // What has just arrived is highlighted for a moment.
  await page.evaluate(() => document.getAnimations().forEach((one) => one.finish()));
  await page.evaluate(await source);
  return page.evaluate(async () => {
    const { violations } = await (window as unknown as { axe: Axe }).axe.run(document);
    const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
    return serious.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
  });
}

/** The tree of a part of the page, without what differs from run to run. */
export async function ariaOf(page: Page, selector: string): Promise<string> {
  const tree = await page.locator(selector).ariaSnapshot();
  return `${tree
    .replace(/127\.0\.0\.1:\d+/g, "CITY")
    .replace(/^(\s*- (?:row|cell) ".*?)(?:\d+ ?(?:秒前|分前|sec\. ago|min\. ago)|now|今)"/gm, '$1AGO"')
    .replace(/^(\s*- time: ).*$/gm, "$1AGO")}\n`;
}
