package otlpmuxreceiver

import "crypto/x509"

// certificateAuth presents a verified client certificate as client.AuthData, so that later components
// can compare a sender's claims with its identity. An authenticator configured with "auth" replaces it.
type certificateAuth struct{ certificate *x509.Certificate }

// GetAttributeNames lists the names that GetAttribute supports.
func (certificateAuth) GetAttributeNames() []string {
	return []string{"subject", "common_name", "organization", "organizational_unit", "dns_names", "uris", "serial_number"}
}

// GetAttribute returns a string, or a []string for the names in the plural and for organizations.
func (a certificateAuth) GetAttribute(name string) any {
	c := a.certificate
	switch name {
	case "subject": // in the form of RFC 2253
		return c.Subject.String()
	case "common_name":
		return c.Subject.CommonName
	case "organization":
		return c.Subject.Organization
	case "organizational_unit":
		return c.Subject.OrganizationalUnit
	case "dns_names":
		return c.DNSNames
	case "uris":
		uris := make([]string, len(c.URIs))
		for i, uri := range c.URIs {
			uris[i] = uri.String()
		}
		return uris
	case "serial_number":
		return c.SerialNumber.Text(16)
	default:
		return nil
	}
}

// signerOf returns the peer that a verified chain identifies: the intermediate authority that signed the client's
// certificate, because it can sign any number of names, or the client if there is none.
func signerOf(chain []*x509.Certificate) string {
	if len(chain) > 2 {
		return chain[1].Subject.String()
	}
	return chain[0].Subject.String()
}
