import { describe, expect, it } from 'vitest';

import {
  certificateExpiry,
  firstToEnd,
  observedExpiry,
  renewalBy,
  unreadSince,
} from './certificates.js';

const now = new Date('2026-11-26T06:00:00.000Z');

describe('when certificates end', () => {
  it('is what the script told, in one form', () => {
    expect(
      certificateExpiry(
        { certificatesExpireAt: '2027-11-26T06:00:23Z', certificatesFirst: 'apiserver' },
        now,
      ),
    ).toEqual({
      ...{ expiresAt: '2027-11-26T06:00:23.000Z', first: 'apiserver' },
      readAt: '2026-11-26T06:00:00.000Z',
    });
  });

  it.each([[{}], [{ certificatesExpireAt: '' }], [{ certificatesExpireAt: 'soon' }]])(
    'is not known of %j',
    (results) => {
      expect(certificateExpiry(results, now)).toBeUndefined();
    },
  );

  it('is of what a machine has said the first that a renewal renews', () => {
    const certificates = [
      { name: 'apiserver', expiresAt: '2027-11-26T06:00:23Z' },
      { name: 'apiserver (served)', expiresAt: '2027-01-26T06:00:23Z' },
      { name: 'kubelet-client', expiresAt: '2026-11-27T06:00:00Z' },
    ];
    expect(observedExpiry({ certificates, observedAt: now.toISOString() })).toEqual({
      ...{ expiresAt: '2027-01-26T06:00:23.000Z', first: 'apiserver (served)' },
      readAt: '2026-11-26T06:00:00.000Z',
    });
    expect(firstToEnd(certificates.slice(2))).toBeUndefined();
    expect(observedExpiry({ certificates: [], observedAt: now.toISOString() })).toBeUndefined();
  });

  it('is compared by whole days', () => {
    expect(renewalBy(now, 30).toISOString()).toBe('2026-12-26T06:00:00.000Z');
    expect(unreadSince(now).toISOString()).toBe('2026-11-25T06:00:00.000Z');
  });
});
