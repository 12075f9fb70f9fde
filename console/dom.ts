/** What may stand where a child is expected. */
export type Child = VNode | string | number | false | null | undefined | readonly Child[];

export interface VNode {
  tag: string;
  key: string | undefined;
  props: Props;
  children: (VNode | string)[];
}

type Handler = (event: Event) => void;

/**
 * Attributes by their names, `on` with event handlers, `style` with custom or plain CSS properties, `ref` called with the
 * new element. `key` tells children of one parent apart: the element of a key stays while the key is there.
 */
export interface Props {
  key?: string;
  on?: Readonly<Record<string, (event: never) => void>>;
  style?: Readonly<Record<string, string>>;
  ref?: (element: Element) => void;
  /** Set when it differs from what was set before, never while a person types. */
  value?: string;
  [attribute: string]: unknown;
}

const SVG = 'http://www.w3.org/2000/svg';
const RESERVED = new Set(['key', 'on', 'style', 'ref', 'value']);

/** What an element was last made from. */
interface Made {
  vnode: VNode;
  listening: Set<string>;
  /** It came as HTML, and with it no key. */
  keyless?: boolean;
}
const made = new WeakMap<Element, Made>();

export function h(tag: string, props?: Props | null, ...children: Child[]): VNode {
  return { tag, key: props?.key, props: props ?? {}, children: flat(children) };
}

/** Children as they are shown: what is no child left out, lists opened. */
export function flat(children: readonly Child[]): (VNode | string)[] {
  const all: (VNode | string)[] = [];
  for (const child of children) {
    if (child === false || child === null || child === undefined) continue;
    if (typeof child === 'string') all.push(child);
    else if (typeof child === 'number') all.push(String(child));
    else if (isList(child)) all.push(...flat(child));
    else all.push(child);
  }
  return all;
}

function isList(child: VNode | readonly Child[]): child is readonly Child[] {
  return Array.isArray(child);
}

/**
 * Makes the children of `root` these. Elements that were there stay, with their focus, scroll position, selection and
 * what was typed into them: only what differs is touched.
 */
export function render(root: Element, ...children: Child[]): void {
  patchChildren(root, flat(children));
}

/**
 * Takes over what the server sent as HTML below `root`, as `toHtml` writes it: the next `render` keeps these elements, makes
 * them what it would have made, and listens to them. What was typed into them meanwhile stays: gives the fields that hold
 * something else than was sent, which nobody has been told of.
 */
export function adopt(root: Element): HTMLElement[] {
  const typed: HTMLElement[] = [];
  for (const element of root.querySelectorAll('*')) {
    const props: Props = {};
    for (const { name, value } of element.attributes) props[name] = value;
    // A select has its value of it; taken away, it would lose that.
    delete props['selected'];
    const field = sentField(element);
    if (field !== undefined) {
      props.value = field.sent;
      if (field.sent !== field.element.value) typed.push(field.element);
    }
    const vnode = { tag: element.localName, key: undefined, props, children: [] };
    made.set(element, { vnode, listening: new Set(), keyless: true });
  }
  return typed;
}

function sentField(element: Element) {
  if (element instanceof HTMLInputElement) return { element, sent: element.defaultValue };
  if (!(element instanceof HTMLSelectElement)) return undefined;
  const options = [...element.options];
  const sent = options.find(({ defaultSelected }) => defaultSelected) ?? options[0];
  return { element, sent: sent?.value ?? '' };
}

function patchChildren(parent: Element, next: readonly (VNode | string)[]): void {
  if (parent.firstChild === null) {
    for (const child of next) parent.append(create(child, parent));
    return;
  }
  const old = [...parent.childNodes];
  const byKey = new Map<string, Element>();
  const rest: ChildNode[] = [];
  for (const node of old) {
    const key = node instanceof Element ? made.get(node)?.vnode.key : undefined;
    if (key !== undefined) byKey.set(key, node as Element);
    else rest.push(node);
  }
  const wanted = next.map((child) => existing(child, byKey, rest));
  const kept = new Set(wanted);
  // First: what stays is then in place already, and is not moved, which would cost it its focus.
  for (const node of old) if (!kept.has(node)) node.remove();
  let cursor: ChildNode | null = parent.firstChild;
  next.forEach((child, index) => {
    const found = wanted[index];
    const node = found ?? create(child, parent);
    if (node === cursor) cursor = cursor.nextSibling;
    else parent.insertBefore(node, cursor);
    if (found !== undefined) update(found, child);
  });
}

function existing(
  child: VNode | string,
  byKey: Map<string, Element>,
  rest: ChildNode[],
): ChildNode | undefined {
  const key = typeof child === 'string' ? undefined : child.key;
  if (key !== undefined) {
    const found = byKey.get(key);
    byKey.delete(key);
    if (found !== undefined) return isOf(found, child) ? found : undefined;
  }
  const mayBe = (node: ChildNode): boolean => key === undefined || isKeyless(node);
  const index = rest.findIndex((node) => mayBe(node) && isOf(node, child));
  return index === -1 ? undefined : rest.splice(index, 1)[0];
}

function isOf(node: ChildNode, child: VNode | string): boolean {
  if (typeof child === 'string') return node instanceof Text;
  return node instanceof Element && made.get(node)?.vnode.tag === child.tag;
}

function isKeyless(node: ChildNode): boolean {
  return node instanceof Element && made.get(node)?.keyless === true;
}

function create(child: VNode | string, parent: Element): ChildNode {
  if (typeof child === 'string') return document.createTextNode(child);
  const inSvg = child.tag === 'svg' || parent.namespaceURI === SVG;
  const element = inSvg
    ? document.createElementNS(SVG, child.tag)
    : document.createElement(child.tag);
  made.set(element, { vnode: h(child.tag), listening: new Set() });
  update(element, child);
  child.props.ref?.(element);
  return element;
}

function update(node: ChildNode, child: VNode | string): void {
  if (typeof child === 'string') {
    if (node instanceof Text && node.data !== child) node.data = child;
    return;
  }
  const element = node as Element;
  const state = made.get(element);
  if (state === undefined) return;
  const before = state.vnode.props;
  state.vnode = child;
  if (state.keyless === true) child.props.ref?.(element);
  delete state.keyless;
  setAttributes(element, before, child.props);
  if (before.style !== undefined || child.props.style !== undefined) {
    setStyle(element, before.style ?? {}, child.props.style ?? {});
  }
  for (const type of Object.keys(child.props.on ?? {})) listen(element, state, type);
  patchChildren(element, child.children);
  // After the children: a select takes the value of an option that is there.
  const { value } = child.props;
  if (value === undefined || value === before.value || !('value' in element)) return;
  if (before.value === undefined || element !== document.activeElement) element.value = value;
}

/** One listener for each type, which calls what the element was last made with. */
function listen(element: Element, state: Made, type: string): void {
  if (state.listening.has(type)) return;
  state.listening.add(type);
  element.addEventListener(type, (event) => {
    const handler = state.vnode.props.on?.[type] as Handler | undefined;
    handler?.(event);
  });
}

function setAttributes(element: Element, before: Props, next: Props): void {
  for (const name of new Set([...Object.keys(before), ...Object.keys(next)])) {
    if (RESERVED.has(name) || before[name] === next[name]) continue;
    const value = next[name];
    if (value === undefined || value === null || value === false) element.removeAttribute(name);
    else if (value === true) element.setAttribute(name, '');
    else if (typeof value === 'string') element.setAttribute(name, value);
    else if (typeof value === 'number') element.setAttribute(name, String(value));
  }
}

/** By the object model: the page's policy allows no style attributes. */
function setStyle(
  element: Element,
  before: Readonly<Record<string, string>>,
  next: Readonly<Record<string, string>>,
): void {
  const { style } = element as HTMLElement;
  for (const name of Object.keys(before)) if (!(name in next)) style.removeProperty(name);
  for (const [name, value] of Object.entries(next)) {
    if (before[name] !== value) style.setProperty(name, value);
  }
}
