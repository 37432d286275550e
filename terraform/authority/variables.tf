variable "root_certificate" {
  description = "The estate's root certificate, as PEM, which every Collector trusts. While you replace the root, the old and the new one."
  type        = string
}

variable "certificate_chain" {
  description = "This cluster's authority followed by the root, as PEM. The other side knows only the root, so it needs the chain."
  type        = string

  validation {
    condition     = length(regexall("-----BEGIN CERTIFICATE-----", var.certificate_chain)) >= 2
    error_message = "certificate_chain must contain this cluster's authority followed by the root: at least two certificates."
  }
}

variable "client_authorities" {
  description = "The authorities of the clusters that may send to this cluster's site, each as PEM. Removing one revokes its cluster. Leave it empty without a site; an empty list makes a site accept every cluster under the root."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for authority in var.client_authorities : length(regexall("-----BEGIN CERTIFICATE-----", authority)) == 1])
    error_message = "client_authorities must list one certificate per cluster, and not the root: with the root, sites would accept everything that it signs."
  }
}

variable "private_key" {
  description = "Key of this cluster's authority, as PEM. Ephemeral: it goes into the cluster's Secret, but not into the plan or the state."
  type        = string
  ephemeral   = true
}

variable "private_key_revision" {
  description = "Raise it to write a new private_key and certificate_chain: Terraform cannot see that a key has changed."
  type        = number
  default     = 1
}

variable "issuer" {
  description = "Name of the Issuer."
  type        = string
  default     = "telemetry"
}

variable "namespace" {
  description = "Namespace of Telepod, which is created, for the authority, its issuer and the root. Anyone who can edit it can obtain certificates."
  type        = string
  default     = "telepod"
}

variable "cert_manager" {
  description = "cert-manager: its namespace, and the chart and version to install. Set install to false if the cluster already has it."
  type = object({
    namespace  = optional(string, "cert-manager")
    install    = optional(bool, true)
    repository = optional(string, "https://charts.jetstack.io")
    version    = optional(string, "v1.19.1")
  })
  default = {}
}
