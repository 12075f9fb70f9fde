import { describe } from 'vitest';
import { set } from '../../../test/fixtures/change.js';
import { ruleTable } from '../../../test/fixtures/ruleTable.js';

describe('annotations of snapshots', () => {
  const annotate = (key: string, value: string) => set('metadata.annotations', { [key]: value });
  const path = (key: string): string => `metadata.annotations["${key}"]`;
  const every = 'plinth.io/etcd-snapshot-every-hours';
  const keep = 'plinth.io/etcd-snapshot-keep';
  const age = 'plinth.io/etcd-snapshot-max-age-days';
  ruleTable([
    {
      title: 'hours that are no number',
      bad: annotate(every, 'hourly'),
      path: path(every),
      says: 'a whole number from 0 to 8760',
      good: annotate(every, '0'),
    },
    {
      title: 'hours of more than a year',
      bad: annotate(every, '8761'),
      path: path(every),
      says: 'a whole number from 0 to 8760',
      good: annotate(every, '6'),
    },
    {
      title: 'a number to keep of none',
      bad: annotate(keep, '0'),
      path: path(keep),
      says: 'a whole number from 1 to 500',
      good: annotate(keep, '1'),
    },
    {
      title: 'an age with a unit',
      bad: annotate(age, '7d'),
      path: path(age),
      says: 'a whole number from 1 to 3650',
      good: annotate(age, '7'),
    },
    {
      title: 'an annotation that is not known',
      bad: annotate('plinth.io/etcd-snapshots-keep', '7'),
      path: path('plinth.io/etcd-snapshots-keep'),
      says: 'is not known',
      good: annotate('example.com/etcd-snapshots-keep', '7'),
    },
  ]);
});
