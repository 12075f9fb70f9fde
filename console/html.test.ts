import { expect, test } from 'vitest';

import { h } from './dom.js';
import { toHtml } from './html.js';

test('writes elements as the browser would make them', () => {
  const click = (): void => undefined;
  expect(
    toHtml(
      h(
        'p',
        { key: 'k', class: 'a', hidden: true, 'aria-label': undefined, on: { click } },
        'x',
        1,
      ),
      null,
      [h('input', { type: 'search', value: 'v' }), false],
      h('svg', { viewBox: '0 0 1 1' }, h('path', { d: 'M0 0' })),
    ),
  ).toBe(
    '<p class="a" hidden="">x1</p><input type="search" value="v">' +
      '<svg viewBox="0 0 1 1"><path d="M0 0"></path></svg>',
  );
});

test('leaves no text and no attribute that ends what it stands in', () => {
  expect(toHtml(h('b', { title: '"><i>&' }, '</b><script>&amp;'))).toBe(
    '<b title="&#34;&#62;&#60;i&#62;&#38;">&#60;/b&#62;&#60;script&#62;&#38;amp;</b>',
  );
});

test('marks the option that a select has', () => {
  const options = ['a', 'b'].map((value) => h('option', { value }, value));
  expect(toHtml(h('select', { value: 'b' }, options))).toBe(
    '<select><option value="a">a</option><option value="b" selected="">b</option></select>',
  );
});

test('writes no style: the policy of the page allows none in it', () => {
  expect(toHtml(h('i', { style: { width: '5%' } }))).toBe('<i></i>');
});
