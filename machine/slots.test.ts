import { describe, expect, it } from 'vitest';

import { Slots } from './slots.js';

describe('slots', () => {
  it('let no more than their number hold one at a time, in order', async () => {
    const slots = new Slots(1);
    const order: string[] = [];
    await slots.acquire();
    const second = slots.acquire().then(() => order.push('second'));
    const third = slots.acquire().then(() => order.push('third'));
    expect(order).toEqual([]);
    slots.release();
    await second;
    expect(order).toEqual(['second']);
    slots.release();
    await third;
    expect(order).toEqual(['second', 'third']);
  });

  it('that failed refuse those who wait and those who come', async () => {
    const slots = new Slots(1);
    await slots.acquire();
    const waiting = expect(slots.acquire()).rejects.toThrow('gone');
    slots.fail(new Error('gone'));
    await waiting;
    await expect(slots.acquire()).rejects.toThrow('gone');
  });
});
