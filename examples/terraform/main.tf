terraform {
  required_version = ">= 1.5"
  required_providers {
    rafay = {
      source  = "RafaySystems/rafay"
      version = ">= 1.1.55" # the first that takes its key and endpoint from here
    }
  }
}

provider "rafay" {
  api_key       = var.api_key
  rest_endpoint = var.endpoint
  project       = var.project
}

resource "rafay_mks_cluster" "demo" {
  metadata = {
    name    = var.name
    project = var.project
    labels = {
      team = "platform"
    }
  }
  spec = {
    blueprint = {
      name = "default"
    }
    cloud_credentials = var.credential
    config = {
      auto_approve_nodes = true
      kubernetes_version = var.kubernetes_version # a newer one upgrades the cluster
      kubernetes_upgrade = {
        strategy = "concurrent"
        params = {
          worker_concurrency = "50%"
        }
      }
      network = {
        cni = {
          name    = "Calico"
          version = "3.28.5"
        }
        pod_subnet     = "10.244.0.0/16"
        service_subnet = "10.96.0.0/12"
      }
      # A machine that is written here joins, one that is taken out leaves. The key is the hostname once more.
      nodes = {
        m1 = {
          hostname         = "m1"
          operating_system = "Debian12"
          arch             = "amd64"
          private_ip       = "10.77.0.11"
          roles            = ["ControlPlane", "Worker"]
        }
        m2 = {
          hostname         = "m2"
          operating_system = "Debian12"
          arch             = "amd64"
          private_ip       = "10.77.0.12"
          roles            = ["Worker"]
          labels = {
            disk = "fast"
          }
          taints = [
            {
              key    = "dedicated"
              value  = "database"
              effect = "NoSchedule"
            },
          ]
          ssh = {
            ip_address = "203.0.113.12" # where plinth reaches it, if that is not its private address
            port       = "2222"
          }
        }
      }
    }
  }
}
