variable "root_certificate" {
  description = "The estate's root certificate, as PEM: what every Collector trusts. The old and the new one while it is being changed."
  type        = string
}

variable "certificate_chain" {
  description = "This cluster's authority followed by the root, as PEM. The other side knows the root only, so the chain has to come along."
  type        = string

  validation {
    condition     = length(regexall("-----BEGIN CERTIFICATE-----", var.certificate_chain)) >= 2
    error_message = "certificate_chain holds this cluster's authority followed by the root: two certificates at least."
  }
}

variable "client_authorities" {
  description = "The authorities of the clusters that may send to this cluster's site, each as PEM. Removing one revokes its cluster. Empty where there is no site; a site then accepts every cluster under the root."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for authority in var.client_authorities : length(regexall("-----BEGIN CERTIFICATE-----", authority)) == 1])
    error_message = "client_authorities lists one certificate per cluster, without the root: whoever the root signs for would be accepted."
  }
}

variable "private_key" {
  description = "Key of this cluster's authority, as PEM. Ephemeral: it goes into the cluster's Secret, and neither into the plan nor into the state."
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
  description = "Namespace of Telepod, which is created, for the authority, its issuer and the root. Whoever can edit it can obtain certificates."
  type        = string
  default     = "telepod"
}

variable "cert_manager" {
  description = "cert-manager: its namespace, and the chart and version that it is installed from unless install is false, because the cluster has it."
  type = object({
    namespace  = optional(string, "cert-manager")
    install    = optional(bool, true)
    repository = optional(string, "https://charts.jetstack.io")
    version    = optional(string, "v1.19.1")
  })
  default = {}
}
