export const API_KEYS = '/apis/system.k8smgmt.io/v3/apikeys';
