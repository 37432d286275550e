package estate

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/telepod/telepod/profiles"
)

// cloud describes the naming rules of a cloud.
type cloud struct {
	title   string
	region  *regexp.Regexp
	account *regexp.Regexp
	// accountIs describes an account in messages.
	accountIs string
	// regions lists those of early 2026, to distinguish a typo from a new region.
	regions string
}

var clouds = sync.OnceValue(func() map[string]cloud {
	return map[string]cloud{
		"aws": {"AWS", regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`), regexp.MustCompile(`^[0-9]{12}$`), "12 digits",
			`us-east-1 us-east-2 us-west-1 us-west-2 us-gov-east-1 us-gov-west-1 ca-central-1 ca-west-1 mx-central-1 sa-east-1
			eu-central-1 eu-central-2 eu-west-1 eu-west-2 eu-west-3 eu-south-1 eu-south-2 eu-north-1 il-central-1 me-south-1
			me-central-1 af-south-1 ap-east-1 ap-east-2 ap-south-1 ap-south-2 ap-southeast-1 ap-southeast-2 ap-southeast-3
			ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 ap-northeast-1 ap-northeast-2 ap-northeast-3
			cn-north-1 cn-northwest-1`},
		"gcp": {"Google Cloud", regexp.MustCompile(`^[a-z]+-[a-z]+[0-9]{1,2}$`), regexp.MustCompile(`^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$`), "a project id",
			`us-central1 us-east1 us-east4 us-east5 us-south1 us-west1 us-west2 us-west3 us-west4 northamerica-northeast1
			northamerica-northeast2 northamerica-south1 southamerica-east1 southamerica-west1 europe-central2 europe-north1
			europe-north2 europe-southwest1 europe-west1 europe-west2 europe-west3 europe-west4 europe-west6 europe-west8
			europe-west9 europe-west10 europe-west12 me-central1 me-central2 me-west1 africa-south1 asia-east1 asia-east2
			asia-northeast1 asia-northeast2 asia-northeast3 asia-south1 asia-south2 asia-southeast1 asia-southeast2
			australia-southeast1 australia-southeast2`},
		"azure": {"Azure", regexp.MustCompile(`^[a-z]+[0-9]?$`), regexp.MustCompile(`(?i)^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`), "a subscription id, a UUID",
			`eastus eastus2 centralus northcentralus southcentralus westcentralus westus westus2 westus3 canadacentral canadaeast
			mexicocentral brazilsouth brazilsoutheast chilecentral northeurope westeurope uksouth ukwest francecentral francesouth
			germanywestcentral germanynorth italynorth norwayeast norwaywest polandcentral spaincentral swedencentral
			switzerlandnorth switzerlandwest austriaeast israelcentral qatarcentral uaenorth uaecentral southafricanorth
			southafricawest eastasia southeastasia japaneast japanwest koreacentral koreasouth centralindia southindia westindia
			australiaeast australiasoutheast australiacentral newzealandnorth indonesiacentral malaysiawest`},
	}
})

// checkRegion returns a mistake for a region that cannot exist in the cloud, and a doubt for one that is probably
// misspelt.
func checkRegion(provider, region string) (mistake, doubt string) {
	cloud, known := clouds()[provider]
	if !known {
		return "", ""
	}
	regions := strings.Fields(cloud.regions)
	if slices.Contains(regions, region) {
		return "", ""
	}
	near, found := profiles.Nearest(region, regions)
	suggestion := profiles.Suggest(near)
	for _, other := range []string{"aws", "gcp", "azure"} {
		if c := clouds()[other]; other != provider && slices.Contains(strings.Fields(c.regions), region) {
			return fmt.Sprintf("%q is a region of %s, but the cluster is on %s%s", region, c.title, cloud.title, suggestion), ""
		}
	}
	switch {
	case !cloud.region.MatchString(region):
		return fmt.Sprintf("%q cannot be a region of %s%s", region, cloud.title, suggestion), ""
	case found:
		return "", fmt.Sprintf("%q is not a known region of %s%s", region, cloud.title, suggestion)
	}
	return "", ""
}
