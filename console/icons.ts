import { h, type VNode } from './dom.js';

/** Drawn on 16 × 16, in the colour of the text around them. */
const PATHS = {
  check: ['M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Z', 'm5.2 8.2 1.9 1.9 3.7-4'],
  cross: ['M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Z', 'm5.8 5.8 4.4 4.4m0-4.4-4.4 4.4'],
  warn: ['M8 2 1.6 13.2h12.8L8 2Z', 'M8 6.4v3.2m0 1.9v.1'],
  idle: ['M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Z', 'M8 4.5V8l2.3 1.4'],
  skip: ['M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Z', 'M5 8h6'],
  run: ['M8 1.5A6.5 6.5 0 1 1 1.5 8'],
  chevron: ['m6 3.5 4.5 4.5L6 12.5'],
  download: ['M8 2v8m-3.2-3L8 10.2 11.2 7M2.5 13.5h11'],
  terminal: ['M1.8 2.8h12.4v10.4H1.8z', 'm4.4 6 2 2-2 2m3.8.2h3'],
  trash: ['M2.5 4.2h11M6 4V2.5h4V4m-5.8.2.6 9.3h6.4l.6-9.3'],
  retry: ['M13.2 8a5.2 5.2 0 1 1-1.6-3.8', 'M13.4 1.8v2.9h-2.9'],
  stop: ['M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Z', 'M6 6h4v4H6z'],
  external: ['M9.5 2.5h4v4M13.2 2.8 7.5 8.5M6.5 3.5h-4v10h10v-4'],
  search: ['M7 2a5 5 0 1 0 0 10A5 5 0 0 0 7 2Z', 'm10.8 10.8 3.2 3.2'],
  copy: ['M5.5 5.5h8v8h-8z', 'M10.5 5.3V2.5h-8v8h2.8'],
  key: ['M5 7.5a3.2 3.2 0 1 0 0 1M7.9 8h6.6v2.4M11.8 8v1.8'],
  edit: ['m10.6 2.6 2.8 2.8-8 8-3.4.6.6-3.4 8-8Z'],
  plus: ['M8 3v10M3 8h10'],
  theme: ['M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Z', 'M8 1.5v13'],
  exit: ['M9.5 2.5h-7v11h7M6.5 8h8m-2.6-2.8L14.5 8l-2.6 2.8'],
} as const;
export type IconName = keyof typeof PATHS;

/** Beside a word that says the same: hidden from who listens to the page. */
export function icon(name: IconName): VNode {
  return h(
    'svg',
    { class: `icon icon-${name}`, viewBox: '0 0 16 16', 'aria-hidden': 'true', focusable: 'false' },
    PATHS[name].map((d) => h('path', { d })),
  );
}

/** The product's sign: three machines that became one thing. */
export function logo(): VNode {
  return h(
    'svg',
    { class: 'logo', viewBox: '0 0 24 24', 'aria-hidden': 'true', focusable: 'false' },
    h('path', { d: 'M4 17h16v4H4z' }),
    h('path', { d: 'M6.5 10.5h11v4h-11z' }),
    h('path', { d: 'M9 4h6v4H9z' }),
  );
}
