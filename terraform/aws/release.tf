# The archive, the chart with this cloud's values, and the site's name.

module "archive" {
  source   = "./archive"
  for_each = { for archive in var.archive[*] : "archive" => archive }

  bucket             = each.value.bucket
  cold_after_days    = each.value.cold_after_days
  delete_after_days  = each.value.delete_after_days
  cold_storage_class = each.value.cold_storage_class
  kms_key_arn        = each.value.kms_key_arn
  tags               = var.tags
}

module "release" {
  source = "../release"

  cloud        = { provider = "aws", region = data.aws_region.current.region, account = data.aws_caller_identity.current.account_id }
  cluster_name = var.cluster.name
  identities   = var.identity == "irsa" ? { for name, role in aws_iam_role.collector : name => role.arn } : {}
  telepod      = var.telepod
  site         = var.site
  archive      = var.archive == null ? null : { bucket = module.archive["archive"].bucket, region = data.aws_region.current.region }

  depends_on = [
    aws_eks_node_group.this, aws_eks_addon.pod_identity, aws_eks_addon.volumes,
    aws_eks_pod_identity_association.collector, aws_iam_role_policy.collector, aws_iam_openid_connect_provider.cluster,
  ]
}

# A site's pods become ready only when their load balancer sends to them. This takes effect with the next rollout.
resource "kubernetes_labels" "readiness" {
  for_each = { for site in var.site[*] : "site" => site }

  api_version = "v1"
  kind        = "Namespace"

  metadata {
    name = var.telepod.namespace
  }

  labels = { "elbv2.k8s.aws/pod-readiness-gate-inject" = "enabled" }

  depends_on = [module.release]
}

resource "aws_route53_record" "site" {
  for_each = { for zone in var.zone_id[*] : "site" => zone }

  zone_id = each.value
  name    = split(":", var.site.role == "primary" ? var.telepod.primary : var.telepod.backup)[0]
  type    = "CNAME"
  ttl     = 60
  records = [module.release.site_hostname]
}
