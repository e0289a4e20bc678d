/** The package ships no types; these are what the page uses. */
declare module "swagger-ui-dist/swagger-ui-es-bundle.js" {
  interface Options {
    url: string;
    domNode: HTMLElement | null;
    validatorUrl: null;
    deepLinking: boolean;
  }
  export default function SwaggerUI(options: Options): void;
}
