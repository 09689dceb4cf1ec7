/** A style sheet as text: esbuild puts it into the widget's module. */
declare module '*.css' {
  const text: string;
  export default text;
}
