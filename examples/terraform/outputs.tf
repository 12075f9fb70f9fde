output "cluster" {
  description = "What `terraform import` takes: the name and the project."
  value       = "${rafay_mks_cluster.demo.metadata.name}/${rafay_mks_cluster.demo.metadata.project}"
}

output "kubeconfig_url" {
  description = "Where the kubeconfig is, for whoever has an API key."
  value       = "https://${var.endpoint}/apis/infra.k8smgmt.io/v3/projects/${rafay_mks_cluster.demo.metadata.project}/clusters/${rafay_mks_cluster.demo.metadata.name}/kubeconfig"
}
