import {
  defineSearchAttributeKey,
  SearchAttributeType,
  TypedSearchAttributes,
} from '@temporalio/common';

import type { OperationRef } from '../activities/refs.js';

const keyword = (name: string) => defineSearchAttributeKey(name, SearchAttributeType.KEYWORD);
const PROJECT = keyword('PlinthProject');
const CLUSTER = keyword('PlinthCluster');
const TASKSET = keyword('PlinthTaskset');
const OPERATION = keyword('PlinthOperation');

export function clusterSearchAttributes(project: string, name: string): TypedSearchAttributes {
  return new TypedSearchAttributes([
    { key: PROJECT, value: project },
    { key: CLUSTER, value: name },
  ]);
}

/** How people find an operation in Temporal's UI. */
export function operationSearchAttributes(ref: OperationRef): TypedSearchAttributes {
  return new TypedSearchAttributes([
    { key: PROJECT, value: ref.project },
    { key: CLUSTER, value: ref.name },
    { key: TASKSET, value: ref.tasksetId },
    { key: OPERATION, value: ref.operation },
  ]);
}
