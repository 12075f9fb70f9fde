variable "endpoint" {
  description = "Host and port of plinth's API, as in plinth.example.com:8080. The provider speaks https only."
  type        = string
}

variable "api_key" {
  description = "An API key of the role operator. Give it as TF_VAR_api_key: it belongs in no file."
  type        = string
  sensitive   = true
}

variable "project" {
  description = "The project that the cluster is in."
  type        = string
  default     = "defaultproject"
}

variable "name" {
  description = "The name of the cluster."
  type        = string
  default     = "demo"
}

variable "credential" {
  description = "The SSH credential of the project that opens the machines. It was uploaded before: Terraform never sees the key."
  type        = string
  default     = "fleet"
}

variable "kubernetes_version" {
  description = "The version of Kubernetes; one that is newer by some minors is reached minor by minor."
  type        = string
  default     = "v1.34.4"
}
