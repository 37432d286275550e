export interface ExampleProviderConfig {
  readonly login?: ExampleProviderLogin;
}
export interface ExampleProviderLogin {
  readonly command: string;
  readonly arguments?: string[];
}

export function exampleProviderLoginToHclTerraform(struct?: ExampleProviderLogin): any {
  const attrs = {
    command: {
      value: cdktf.stringToHclTerraform(struct!.command),
      isBlock: false,
      type: "simple",
      storageClassType: "string",
    },
    arguments: {
      value: cdktf.listMapperHcl(cdktf.stringToHclTerraform, false)(struct!.arguments),
      isBlock: false,
      type: "list",
      storageClassType: "stringList",
    },
  };
}

export class ExampleProvider extends cdktf.TerraformProvider {
  public constructor() {
    super({ providerVersion: '1.2.3' });
  }

  // login - computed: false, optional: true, required: false
  private _login?: ExampleProviderLogin;

  // alias - computed: false, optional: true, required: false
  private _alias?: string;

  protected synthesizeHclAttributes(): { [name: string]: any } {
    const attrs = {
      login: {
        value: exampleProviderLoginToHclTerraform(this._login),
        isBlock: true,
        type: "struct",
        storageClassType: "ExampleProviderLogin",
      },
    };
  }
}
