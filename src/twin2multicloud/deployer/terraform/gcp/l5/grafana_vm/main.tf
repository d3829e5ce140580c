# L5 on Compute Engine: Grafana OSS in a container on a small machine with Google's container-optimized system, and Caddy
# before it, which speaks TLS with a certificate it gets by itself. The machine updates itself; nobody can log in: no
# SSH port is open, and no keys are on it.
#
# Without a domain of its own the machine is reached by a name that a public name service resolves to the address in it.

resource "google_service_account" "dashboards" {
  project      = var.site.project
  account_id   = var.account
  display_name = var.name
  description  = "Identity of Grafana's machine"
}

module "start" {
  source = "../start"
}

module "rights" {
  source = "../../rights"

  project = var.site.project
  member  = google_service_account.dashboards.member
  rights = [
    { role = "roles/secretmanager.secretAccessor", on = "secret", name = var.admin_secret },
  ]
}

resource "google_compute_network" "dashboards" {
  #checkov:skip=CKV2_GCP_18: its one rule of the firewall is below; the check looks for a default network's
  project                 = var.site.project
  name                    = var.name
  auto_create_subnetworks = false
}

resource "google_compute_subnetwork" "dashboards" {
  #checkov:skip=CKV_GCP_26: flow logs of one machine behind one rule would cost more than the machine
  #checkov:skip=CKV_GCP_76: the machine has no IPv6
  project                  = var.site.project
  region                   = var.site.region
  name                     = var.name
  network                  = google_compute_network.dashboards.id
  ip_cidr_range            = "10.10.0.0/28"
  private_ip_google_access = true
}

resource "google_compute_firewall" "dashboards" {
  #checkov:skip=CKV_GCP_106: over port 80 Caddy proves that the name is its own, and sends everybody else to 443
  project       = var.site.project
  name          = var.name
  network       = google_compute_network.dashboards.id
  direction     = "INGRESS"
  source_ranges = ["0.0.0.0/0"]
  target_tags   = [var.name]

  allow {
    protocol = "tcp"
    ports    = ["80", "443"]
  }
}

resource "google_compute_address" "dashboards" {
  project      = var.site.project
  region       = var.site.region
  name         = var.name
  address_type = "EXTERNAL"
  network_tier = "PREMIUM"
  labels       = { component = "dashboards" }
}

locals {
  host = coalesce(var.domain, "${replace(google_compute_address.dashboards.address, ".", "-")}.sslip.io")
  url  = "https://${local.host}"
}

resource "google_compute_instance" "dashboards" {
  #checkov:skip=CKV_GCP_40: it is a web server, so that it has a public address
  #checkov:skip=CKV_GCP_38: Google's own keys encrypt it at rest; a key of the customer's has a price that no bill of ours has
  project                   = var.site.project
  zone                      = var.zone
  name                      = var.name
  machine_type              = var.machine_type
  description               = "Grafana of a digital twin"
  labels                    = { component = "dashboards" }
  tags                      = [var.name]
  allow_stopping_for_update = true
  deletion_protection       = false
  can_ip_forward            = false

  boot_disk {
    auto_delete = true

    initialize_params {
      image = "projects/cos-cloud/global/images/family/cos-stable"
      size  = var.disk_gib
      type  = "pd-balanced"
    }
  }

  network_interface {
    subnetwork = google_compute_subnetwork.dashboards.id

    access_config {
      nat_ip       = google_compute_address.dashboards.address
      network_tier = "PREMIUM"
    }
  }

  service_account {
    email  = google_service_account.dashboards.email
    scopes = ["https://www.googleapis.com/auth/cloud-platform"]
  }

  shielded_instance_config {
    enable_secure_boot          = true
    enable_vtpm                 = true
    enable_integrity_monitoring = true
  }

  metadata = {
    block-project-ssh-keys = "true"
    enable-oslogin         = "TRUE"
    serial-port-enable     = "false"

    user-data = templatefile("${path.module}/cloud-init.yaml.tftpl", {
      start   = base64encode(module.start.script)
      image   = var.image
      proxy   = var.proxy_image
      host    = local.host
      setting = merge(var.settings, { ADMIN_SECRET = "projects/${var.site.project}/secrets/${var.admin_secret}", GF_SERVER_ROOT_URL = local.url })
    })
  }

  lifecycle {
    # The system updates itself on its disk; a newer image of its family is no reason to make a new machine.
    ignore_changes = [boot_disk[0].initialize_params[0].image]
  }

  depends_on = [module.rights]
}
