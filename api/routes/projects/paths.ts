export const PROJECTS = '/apis/system.k8smgmt.io/v3/projects';
