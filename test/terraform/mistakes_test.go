package terraform

// mistake is a change to a module that the checks must find.
type mistake struct {
	file, right, wrong string
	module             string // module to check; the file's own if empty
	found              string
}

func mistakes() map[string]mistake {
	return map[string]mistake{
		"aws argument": {
			file: "aws/cluster.tf", right: "http_put_response_hop_limit", wrong: "http_put_response_hops_limit",
			found: `An argument named "http_put_response_hops_limit" is not expected here`,
		},
		"aws argument, from the example": {
			file: "aws/archive/main.tf", right: "restrict_public_buckets", wrong: "restrict_public_bucket",
			module: "examples/three-clouds", found: `"restrict_public_bucket" is not expected here`,
		},
		"aws block": {
			file: "aws/cluster.tf", right: "scaling_config {", wrong: "scaling_configuration {",
			found: `Blocks of type "scaling_configuration" are not expected here`,
		},
		"gcp argument": {
			file: "gcp/cluster.tf", right: "total_min_node_count", wrong: "total_minimum_node_count",
			found: `"total_minimum_node_count" is not expected here`,
		},
		"azure argument": {
			file: "azure/cluster.tf", right: "oidc_issuer_enabled", wrong: "oidc_enabled",
			found: `"oidc_enabled" is not expected here`,
		},
		"missing azure argument": {
			file: "azure/archive/main.tf", right: "  account_tier             = \"Standard\"\n", wrong: "",
			found: `The argument "account_tier" is required`,
		},
		"helm argument": {
			file: "release/main.tf", right: "create_namespace ", wrong: "create_namespaces ",
			module: "gcp", found: `"create_namespaces" is not expected here`,
		},
		"type of resource": {
			file: "gcp/archive/main.tf", right: `"google_storage_bucket_iam_member"`, wrong: `"google_storage_buckets_iam_member"`,
			found: "google_storage_buckets_iam_member",
		},
		"type of value": {
			file: "aws/archive/main.tf", right: "days_after_initiation = 1", wrong: `days_after_initiation = "soon"`,
			found: "a number is required",
		},
		"invalid value of the caller": {
			file: "examples/three-clouds/main.tf", right: `exposure          = "public"`, wrong: `exposure          = "open"`,
			found: "site.exposure must be internal or public",
		},
		"unknown chart value": {
			file: "release/main.tf", right: "tracesPerSecond =", wrong: "tracePerSecond =",
			found: "additional properties 'tracePerSecond' not allowed",
		},
		"chart value of the wrong type": {
			file: "release/main.tf", right: "= site.traces_per_second", wrong: `= "many"`,
			found: "got string, want integer",
		},
		"name of the chart's service": {
			file: "release/main.tf", right: `"telepod-central"`, wrong: `"telepod-centre"`,
			found: "refers to Service telepod-centre, which the chart does not render",
		},
		"name of the chart's service account": {
			file: "aws/identity.tf", right: `"telepod-collector"`, wrong: `"telepod-regional"`,
			found: "The role must be for the chart's regional ServiceAccount",
		},
		"lifecycle": {
			file: "aws/archive/variables.tf", right: "default     = 90", wrong: "default     = 365",
			found: "Objects must be deleted after 90 days",
		},
		"wildcard": {
			file: "aws/archive/main.tf", right: `"s3:PutObject"`, wrong: `"s3:*"`,
			found: "The writer must only have permission to put objects",
		},
		"regions of the archive": {
			file: "release/main.tf", right: "try(var.site.regions, [])", wrong: "[]",
			found: "The archive must have the list of regions",
		},
	}
}
