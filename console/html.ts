import { flat, type Child, type Props, type VNode } from './dom.js';

const VOID = new Set(['br', 'hr', 'img', 'input', 'link', 'meta']);
/** Not attributes: set in the browser, by `render` where it takes the elements over. */
const UNWRITTEN = new Set(['key', 'on', 'style', 'ref', 'value']);

/** The same elements that `render` makes, as text for `adopt` to take over; styles of single elements come with `render`. */
export function toHtml(...children: readonly Child[]): string {
  return flat(children)
    .map((child) => htmlOf(child))
    .join('');
}

function htmlOf(child: VNode | string, chosen?: string): string {
  if (typeof child === 'string') return escaped(child);
  const { tag, props, children } = child;
  const value = tag === 'select' ? props.value : chosen;
  const isChosen = tag === 'option' && props.value === chosen && chosen !== undefined;
  const start = `<${tag}${attributes(tag, props)}${isChosen ? ' selected=""' : ''}>`;
  if (VOID.has(tag)) return start;
  return `${start}${children.map((one) => htmlOf(one, value)).join('')}</${tag}>`;
}

function attributes(tag: string, props: Props): string {
  const names = Object.keys(props).filter((name) => !UNWRITTEN.has(name));
  const all = tag === 'input' || tag === 'option' ? [...names, 'value'] : names;
  return all.map((name) => attribute(name, props[name])).join('');
}

function attribute(name: string, value: unknown): string {
  if (value === true) return ` ${name}=""`;
  if (typeof value !== 'string' && typeof value !== 'number') return '';
  return ` ${name}="${escaped(String(value))}"`;
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"]/g, (sign) => `&#${String(sign.charCodeAt(0))};`);
}
